"""What change tracking found: the choice of a change, marks on time axes, and the panels that show findings.

The tables behind it are empty until changes are tracked, and the panels say so.
"""

from __future__ import annotations

from _runs import Runs

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import over_time

NOT_TRACKED = "changes are not tracked yet, or none falls into this time range"

CHANGE = v.sql_variable(
    "change", "SELECT revision FROM changes GROUP BY 1 ORDER BY max(changed_at) DESC LIMIT 200", multi=True
)

MARKS = v.annotation(
    "Changes of skills and configuration",
    v.sql("""
        SELECT changed_at AS time, coalesce(summary, subject, path, kind) AS text, skill AS tags
        FROM changes WHERE $__timeFilter(changed_at) ORDER BY changed_at DESC LIMIT 500
    """),
)

# Findings that tell of a movement, and which of them say more: a skill's is a part of its suite's.
TOLD = "verdict IN ('improvement', 'regression', 'upstream', 'drift')"
NARROWNESS = "CASE scope_kind WHEN 'suite' THEN 0 WHEN 'case' THEN 2 ELSE 1 END"

VERDICTS = (
    v.mapping("improvement", "▲ improvement", v.GOOD),
    v.mapping("regression", "▼ regression", v.BAD),
)


def headlines(runs: Runs) -> v.Panel:
    """The findings in one sentence each, for those who do not read diffs."""
    return v.table(
        "What changed",
        v.sql(f"""
            SELECT changed_at AS "When", verdict AS "Verdict", sentence AS "Finding", p_change AS "Sure",
              advice AS "Next" FROM findings WHERE $__timeFilter(changed_at) AND {runs.suites}
              AND verdict IN ('improvement', 'regression', 'upstream') ORDER BY changed_at DESC LIMIT 20
        """),
        width=24,
        no_value=NOT_TRACKED,
        overrides=[
            v.override("Verdict", mappings=VERDICTS, cell="color-text"),
            v.override("Sure", unit="1", decimals=0),
            v.override("Finding", width=640),
        ],
        links=[v.to_dashboard("skills_engineer", "The change in detail")],
        about="Changes that moved a metric, and how sure that is. A regression: have it reverted, or wait "
        "for the run named under Next.",
    )


def impact(runs: Runs) -> v.Row:
    """What each change did; needs the variable `CHANGE` on the board."""
    chosen = f"$__timeFilter(changed_at) AND {v.chosen(CHANGE, 'revision')}"
    found = f"{chosen} AND {runs.suites}"
    return v.row(
        "What did the changes do?",
        v.table(
            "Change impact",
            v.sql(f"""
                SELECT changed_at AS "When", left(revision, 9) AS "Commit", subject AS "Subject",
                  metric AS "Metric", scope AS "Of", before AS "Before", after AS "After",
                  difference AS "Difference", difference_low AS "At least", difference_high AS "At most",
                  p_change AS "Real", p_commit AS "This commit", cases_moved AS "Cases", verdict AS "Verdict",
                  sentence AS "Finding"
                FROM findings WHERE {found} ORDER BY changed_at DESC, p_change DESC LIMIT 100
            """),
            width=24,
            no_value=NOT_TRACKED,
            overrides=[
                v.override("Verdict", mappings=VERDICTS, cell="color-text"),
                v.override("/Real|This commit/", unit="1", decimals=0),
                v.override("Finding", width=420),
            ],
            about="What each change moved, by how much (95 % interval), how sure it is that it moved and "
            "that this commit did it. A regression: look at its cases and diff, then revert or mend.",
        ),
        v.bars(
            "Before and after",
            v.sql(f"""
                SELECT concat_ws(' ', coalesce(left(revision, 9), verdict), scope) AS "Change",
                  before AS "Before", after AS "After"
                FROM findings WHERE {found} AND metric = 'routing_accuracy' AND {TOLD}
                ORDER BY {NARROWNESS}, abs(difference) DESC LIMIT 12
            """),
            x="Change",
            unit="%",
            no_value=NOT_TRACKED,
            about="Routing accuracy before and after the changes that moved it most: of suites, then of "
            "skills, then of single tests. Pick one change at the top.",
        ),
        v.table(
            "Cases that moved",
            v.sql(f"""
                SELECT left(revision, 9) AS "Commit", case_id AS "Case", before AS "Before", after AS "After",
                  runs_after AS "Runs after", old_skill AS "Routed before", new_skill AS "Routed after"
                FROM finding_cases WHERE {found} ORDER BY abs(after - before) DESC, case_id LIMIT 100
            """),
            no_value=NOT_TRACKED,
            overrides=[v.override("/^(Before|After)$/", unit="1", decimals=0)],
            about="Cases behind those findings. Many that went to one skill: its description took them.",
        ),
        v.table(
            "Effect of each part",
            v.sql(f"""
                SELECT part ->> 'part' AS "Part", part ->> 'name' AS "Name",
                  count(DISTINCT widest.revision) AS "Changes", avg(widest.difference) AS "Mean move",
                  min(widest.difference) AS "Worst", max(widest.difference) AS "Best"
                FROM (
                  SELECT DISTINCT ON (repository, revision, suite) repository, revision, difference
                  FROM findings WHERE {found} AND metric = 'routing_accuracy' AND scope_kind <> 'case'
                    AND verdict IN ('improvement', 'regression')
                  ORDER BY repository, revision, suite, {NARROWNESS}, abs(difference) DESC
                ) AS widest
                JOIN changes USING (repository, revision)
                CROSS JOIN LATERAL jsonb_array_elements(changes.parts) AS part
                GROUP BY 1, 2 ORDER BY abs(avg(widest.difference)) DESC, 1, 2 LIMIT 50
            """),
            no_value=NOT_TRACKED,
            overrides=[v.override("/Mean move|Worst|Best/", unit="{percentage_point}", decimals=1)],
            about="How far routing accuracy of a suite, or else of a skill, moved with the changes that "
            "touched a section or front-matter key. Few changes, or many parts in one: it may be any of "
            "them, change one at a time.",
        ),
        v.timeseries(
            "Changes by kind",
            v.query(
                over_time(m.GNOMON_CHANGES, by=[a.GNOMON_CHANGE_KIND]),
                "{{gnomon_change_kind}}",
            ),
            style="bars",
            stack="normal",
            no_value=NOT_TRACKED,
            about="Files changed by commits, and models that were switched, by interval. Many at once before "
            "a fall: nobody can tell which it was.",
        ),
        v.table(
            "What was changed",
            v.sql(f"""
                SELECT changed_at AS "When", left(revision, 9) AS "Commit", kind AS "Kind",
                  author AS "Author", change AS "Change", coalesce(skill, path) AS "What",
                  summary AS "Summary",
                  lines_added AS "+", lines_deleted AS "-", new_tokens - old_tokens AS "Tokens"
                FROM changes WHERE {chosen} ORDER BY changed_at DESC, path LIMIT 200
            """),
            no_value=NOT_TRACKED,
            about="Skills, prompts, configuration, golden sets and models that changed. Many at once: what "
            "each did cannot be told apart, change one at a time.",
        ),
        v.logs(
            "Diffs",
            v.sql(f"""
                SELECT changed_at AS time, concat_ws(chr(10), left(revision, 9), path, diff) AS body
                FROM changes WHERE {chosen} AND diff IS NOT NULL ORDER BY changed_at DESC LIMIT 50
            """),
            width=12,
            no_value=NOT_TRACKED,
            about="The text before and after, newest first. Pick one change at the top to see it alone.",
        ),
    )
