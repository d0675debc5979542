"""Which commit moved which metric: Gnomon beside its peers on histories whose causes are known."""
