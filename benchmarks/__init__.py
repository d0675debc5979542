"""What Gnomon costs, against doing without it and against its peers. See README.md."""
