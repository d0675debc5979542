"""PostgreSQL: the results store, and a role for Grafana that may read it and nothing else."""

from gnomon.settings import Settings
from gnomon_generators.stack import TextFile, tls

ABOUT = """PostgreSQL: a role for Grafana that may read the results store and nothing else.
psql runs this once, as the owner of a new and empty database."""

READER = r"""\set ON_ERROR_STOP on
\set password `cat "${GNOMON_SECRETS:-/run/secrets}/grafana_reader_password"`

-- Without the file nobody gets in, rather than everybody.
SELECT :'password' = '' AS missing \gset
\if :missing
  \warn 'the secret grafana_reader_password is missing or empty; `gnomon stack secrets` makes it'
  SELECT 1 / 0;
\endif

CREATE ROLE gnomon_reader LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
ALTER ROLE gnomon_reader SET default_transaction_read_only = on;
-- Nobody waits longer than this for a panel.
ALTER ROLE gnomon_reader SET statement_timeout = '30s';

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO gnomon_reader;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO gnomon_reader;
-- The tables are made by `gnomon ingest`, later.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO gnomon_reader;
"""


def files(settings: Settings) -> list[TextFile]:
    """What is run once, when there is no data yet, and with certificates also who may connect and how."""
    reader = TextFile(path="postgres/reader.sql", about=ABOUT, text=READER, comment="--")
    certificates = tls(settings)
    if certificates is None:
        return [reader]
    shown = " clientcert=verify-ca" if certificates.mutual else ""
    return [
        reader,
        TextFile(
            path="postgres/pg_hba.conf",
            about="PostgreSQL: over the network nobody connects without TLS, and nobody without a password.",
            text=f"local all all scram-sha-256\nhostssl all all all scram-sha-256{shown}\n",
        ),
    ]
