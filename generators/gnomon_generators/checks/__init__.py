"""What is wrong with dashboards, rules and configuration, found before anybody deploys them.

One check is one module under a family (`promql/rate.py` is the check `promql/rate`) with one page of the
same name under docs/checks. A module says `ID`, `SEVERITY`, `BRIEF` and a function `check` whose only
argument is annotated with the kind of subject that it looks at; `discovery` finds it by walking this package.
"""
