"""Rows into tables, so that writing a row again changes nothing and no order matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from gnomon_analysis.store import schema
from gnomon_analysis.store.records import Records, Row

# SQLite takes a bounded number of parameters a statement.
_IDS_A_QUERY = 500


class Writer:
    """Writes batches of records on one connection; counts what was not there before."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        self.new_runs = 0
        self.new_results = 0

    def write(self, records: Records) -> None:
        """Adds what is new and fills what was not yet known of runs."""
        if records.runs:
            self.new_runs += len(records.runs) - self._stored_runs(records.runs)
            self._merge_runs(records.runs.values())
        for table, rows in records.rows.items():
            if rows:
                added = self.add(table, rows)
                if table is schema.results:
                    self.new_results += added

    def add(self, table: Table, rows: Iterable[Row]) -> int:
        """Inserts the rows whose keys are not there yet; says how many that were."""
        # In the order of their keys: two writers that meet wait for each other in turn, never in a ring.
        keys = [column.name for column in table.primary_key]
        distinct = {tuple(row[key] for key in keys): row for row in reversed(list(rows))}
        ordered = [distinct[key] for key in sorted(distinct)]
        statement = self._insert(table).on_conflict_do_nothing()
        counted = statement.execution_options(preserve_rowcount=True)
        done = self._connection.execute(counted, ordered)
        return max(done.rowcount, 0)

    def _stored_runs(self, run_ids: Iterable[str]) -> int:
        column = schema.runs.c.run_id
        ids = list(run_ids)
        return sum(
            self._connection.execute(select(func.count()).where(column.in_(some))).scalar_one()
            for some in _portions(ids)
        )

    def _merge_runs(self, rows: Iterable[Row]) -> None:
        statement = self._insert(schema.runs)
        old, new = schema.runs.c, statement.excluded
        merged: dict[str, ColumnElement[Any]] = {
            column.name: func.coalesce(old[column.name], new[column.name])
            for column in schema.runs.columns
            if column.name not in {"run_id", "attributes"}
        }
        # Of two ends of one run, which only a run id used twice can have, the later one counts.
        later = or_(~old.complete, and_(new.complete, new.ended_ns > old.ended_ns))
        finishes = and_(new.complete, later)
        merged |= {
            # The end of a run adds to what its resource says, and all of a run's files say that alike.
            "attributes": case(
                (and_(finishes, new.attributes.is_not(None)), new.attributes),
                (old.attributes.is_(None), new.attributes),
                else_=old.attributes,
            ),
            "complete": or_(old.complete, new.complete),
            "status": case((finishes, new.status), else_=old.status),
            "exit_code": case((finishes, new.exit_code), else_=old.exit_code),
            "collected": case((finishes, new.collected), else_=old.collected),
            "started_ns": _chosen(old.started_ns, new.started_ns, new.started_ns < old.started_ns),
            "ended_ns": case(
                (finishes, new.ended_ns),
                (old.complete, old.ended_ns),
                else_=_chosen(old.ended_ns, new.ended_ns, new.ended_ns > old.ended_ns),
            ),
        }
        ordered = sorted(rows, key=lambda row: str(row["run_id"]))
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=[old.run_id], set_=merged), ordered
        )


def _chosen(
    old: ColumnElement[Any], new: ColumnElement[Any], better: ColumnElement[bool]
) -> ColumnElement[Any]:
    """`new` where there is no `old` or `new` is better; never nothing where there was something."""
    return case((old.is_(None), new), (better, new), else_=old)


def _portions(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + _IDS_A_QUERY] for start in range(0, len(items), _IDS_A_QUERY))
