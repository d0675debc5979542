"""Planted suites: what each test of them does is known before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final


@dataclass(frozen=True)
class Suite:
    """A suite, the way it is started, and the truth about it.

    `truth` maps node ids to outcomes; `phases` and `attempts` name only what is out of the
    ordinary (a failure outside the call, more than one attempt). `status` is pytest's exit status.
    """

    name: str
    files: Mapping[str, str]
    truth: Mapping[str, str]
    status: int
    run_status: str
    arguments: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    phases: Mapping[str, str] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def started(self, name: str, *arguments: str, plugins: tuple[str, ...] = ("xdist",)) -> Suite:
        """The same suite and the same truth, started in another way."""
        return replace(
            self,
            name=f"{self.name} {name}",
            arguments=self.arguments + arguments,
            plugins=self.plugins + plugins,
        )


def in_file(name: str, truth: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}::{test}": outcome for test, outcome in truth.items()}


OUTCOMES: Final = Suite(
    name="every outcome",
    files={
        "test_outcomes.py": """
            import sys

            import pytest


            @pytest.fixture
            def broken():
                raise RuntimeError("no database")


            @pytest.fixture
            def breaks_later():
                yield
                raise RuntimeError("cannot drop the table")


            @pytest.fixture
            def skips():
                pytest.skip("not on this machine")


            @pytest.fixture
            def skips_later():
                yield
                pytest.skip("late")


            @pytest.fixture
            def expects_failure():
                pytest.xfail("known in the fixture")


            def test_passed(): pass
            def test_failed(): assert 1 == 2
            def test_setup_error(broken): pass
            def test_teardown_error(breaks_later): pass
            def test_failed_and_teardown_error(breaks_later): assert 1 == 2
            def test_setup_and_teardown_error(breaks_later, broken): pass

            @pytest.mark.skip(reason="by mark")
            def test_skip_mark(): assert 0

            @pytest.mark.skipif(True, reason="by condition")
            def test_skip_condition(): assert 0

            def test_skip_call(): pytest.skip("in the call")
            def test_skip_fixture(skips): assert 0
            def test_skip_teardown(skips_later): pass
            def test_skip_and_teardown_error(breaks_later): pytest.skip("in the call")

            @pytest.mark.xfail
            def test_xfail(): assert 0

            @pytest.mark.xfail(run=False, reason="crashes the interpreter")
            def test_xfail_not_run(): assert 0

            @pytest.mark.xfail
            def test_xfail_setup(broken): pass

            @pytest.mark.xfail
            def test_xfail_and_teardown_error(breaks_later): assert 0

            @pytest.mark.xfail(raises=ValueError)
            def test_xfail_wrong_exception(): raise KeyError("other")

            def test_xfail_call(): pytest.xfail("known")
            def test_xfail_fixture(expects_failure): pass

            @pytest.mark.xfail
            def test_xpass(): pass

            @pytest.mark.xfail(strict=True)
            def test_xpass_strict(): pass

            def test_system_exit(): sys.exit(3)
            def test_generator_exit(): raise GeneratorExit
            def test_fail_call(): pytest.fail("by hand", pytrace=False)
        """
    },
    truth=in_file(
        "test_outcomes.py",
        {
            "test_passed": "passed",
            "test_failed": "failed",
            "test_setup_error": "error",
            "test_teardown_error": "error",
            "test_failed_and_teardown_error": "failed",
            "test_setup_and_teardown_error": "error",
            "test_skip_mark": "skipped",
            "test_skip_condition": "skipped",
            "test_skip_call": "skipped",
            "test_skip_fixture": "skipped",
            "test_skip_teardown": "passed",
            "test_skip_and_teardown_error": "error",
            "test_xfail": "xfailed",
            "test_xfail_not_run": "xfailed",
            "test_xfail_setup": "xfailed",
            "test_xfail_and_teardown_error": "xfailed",
            "test_xfail_wrong_exception": "failed",
            "test_xfail_call": "xfailed",
            "test_xfail_fixture": "xfailed",
            "test_xpass": "xpassed",
            "test_xpass_strict": "failed",
            "test_system_exit": "failed",
            "test_generator_exit": "failed",
            "test_fail_call": "failed",
        },
    ),
    phases=in_file(
        "test_outcomes.py",
        {
            "test_setup_error": "setup",
            "test_teardown_error": "teardown",
            "test_failed_and_teardown_error": "call",
            "test_setup_and_teardown_error": "setup",
            "test_skip_and_teardown_error": "teardown",
            "test_failed": "call",
            "test_xpass_strict": "call",
        },
    ),
    status=1,
    run_status="failure",
)

GREEN: Final = Suite(
    name="all green",
    files={
        "test_green.py": """
            class TestOuter:
                def test_a(self): pass

                class TestInner:
                    def test_b(self): pass

            def test_c(): pass
        """,
        "deep/er/test_green_too.py": "def test_d(): pass\n",
    },
    truth={
        "test_green.py::TestOuter::test_a": "passed",
        "test_green.py::TestOuter::TestInner::test_b": "passed",
        "test_green.py::test_c": "passed",
        "deep/er/test_green_too.py::test_d": "passed",
    },
    status=0,
    run_status="success",
)

SUBTESTS: Final = Suite(
    name="subtests",
    files={
        "test_sub.py": """
            import pytest

            def test_all_pass(subtests):
                for i in range(5):
                    with subtests.test(i=i):
                        pass

            def test_one_fails(subtests):
                for i in range(5):
                    with subtests.test("step", i=i):
                        assert i != 2

            def test_sub_and_body_fail(subtests):
                with subtests.test("step"):
                    assert 0
                assert 0

            def test_only_body_fails(subtests):
                with subtests.test("step"):
                    pass
                assert 0

            def test_one_skips(subtests):
                with subtests.test("step"):
                    pytest.skip("not here")

            def test_odd_arguments(subtests):
                with subtests.test(what=object(), text="\\udcff", number=10**30):
                    pass
        """,
    },
    truth=in_file(
        "test_sub.py",
        {
            "test_all_pass": "passed",
            "test_one_fails": "failed",
            "test_sub_and_body_fail": "failed",
            "test_only_body_fails": "failed",
            "test_one_skips": "passed",
            "test_odd_arguments": "passed",
        },
    ),
    status=1,
    run_status="failure",
)

UNITTEST: Final = Suite(
    name="unittest",
    files={
        "test_unit.py": """
            import unittest

            class Ordinary(unittest.TestCase):
                def test_pass(self): pass
                def test_fail(self): self.fail("no")
                def test_raise(self): raise RuntimeError("no")
                def test_subtests(self):
                    for i in range(3):
                        with self.subTest(i=i):
                            self.assertLess(i, 3)
                def test_failing_subtest(self):
                    for i in range(3):
                        with self.subTest(i=i):
                            self.assertNotEqual(i, 1)
                @unittest.skip("no")
                def test_skip(self): pass
                def test_skip_call(self): self.skipTest("later")
                @unittest.expectedFailure
                def test_expected(self): self.fail()
                @unittest.expectedFailure
                def test_unexpected(self): pass

            class BrokenClass(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise RuntimeError("class")
                def test_one(self): pass
                def test_two(self): pass

            class Asynchronous(unittest.IsolatedAsyncioTestCase):
                async def test_async(self): pass
        """,
    },
    truth=in_file(
        "test_unit.py",
        {
            "Ordinary::test_pass": "passed",
            "Ordinary::test_fail": "failed",
            "Ordinary::test_raise": "failed",
            "Ordinary::test_subtests": "passed",
            "Ordinary::test_failing_subtest": "failed",
            "Ordinary::test_skip": "skipped",
            "Ordinary::test_skip_call": "skipped",
            "Ordinary::test_expected": "xfailed",
            "Ordinary::test_unexpected": "failed",
            "BrokenClass::test_one": "error",
            "BrokenClass::test_two": "error",
            "Asynchronous::test_async": "passed",
        },
    ),
    phases={"test_unit.py::BrokenClass::test_one": "setup"},
    status=1,
    run_status="failure",
)

DOCTEST: Final = Suite(
    name="doctest",
    files={
        "words.py": '''
            """
            >>> 1 + 1
            2
            """

            def shout(word):
                """
                >>> shout("a")
                'B'
                """
                return word.upper()

            def later():
                """
                >>> later()  # doctest: +SKIP
                """
        ''',
        "guide.txt": ">>> 2 * 2\n4\n",
        "test_plain.py": "def test_plain(): pass\n",
    },
    truth={
        "words.py::words": "passed",
        "words.py::words.shout": "failed",
        "words.py::words.later": "skipped",
        "guide.txt::guide.txt": "passed",
        "test_plain.py::test_plain": "passed",
    },
    arguments=("--doctest-modules", "--doctest-glob=guide.txt"),
    status=1,
    run_status="failure",
)

ASYNCIO: Final = Suite(
    name="pytest-asyncio",
    files={
        "test_async.py": """
            import asyncio

            import pytest
            import pytest_asyncio

            @pytest_asyncio.fixture
            async def resource():
                yield 1
                raise RuntimeError("close")

            @pytest.mark.asyncio
            async def test_pass(): await asyncio.sleep(0)

            @pytest.mark.asyncio
            async def test_fail():
                await asyncio.sleep(0)
                assert 0

            @pytest.mark.asyncio
            async def test_cancelled(): raise asyncio.CancelledError

            @pytest.mark.asyncio
            async def test_teardown(resource): pass
        """,
    },
    truth=in_file(
        "test_async.py",
        {"test_pass": "passed", "test_fail": "failed", "test_cancelled": "failed", "test_teardown": "error"},
    ),
    phases={"test_async.py::test_teardown": "teardown"},
    plugins=("asyncio",),
    arguments=("-o", "asyncio_default_fixture_loop_scope=function"),
    status=1,
    run_status="failure",
)

TIMEOUT: Final = Suite(
    name="pytest-timeout by signal",
    files={
        "test_slow.py": """
            import time

            def test_hangs(): time.sleep(60)
            def test_quick(): pass
        """,
    },
    truth=in_file("test_slow.py", {"test_hangs": "failed", "test_quick": "passed"}),
    plugins=("timeout",),
    arguments=("--timeout=0.5", "--timeout-method=signal"),
    status=1,
    run_status="failure",
)

# A test that counts its own runs in a file, whichever process it runs in.
COUNTED: Final = """
    import os
    import pathlib

    def times(name):
        path = pathlib.Path(__file__).with_name(f"{name}.count")
        with path.open("a") as file:
            file.write("x")
        return path.stat().st_size
"""

RERUNFAILURES: Final = Suite(
    name="pytest-rerunfailures",
    files={
        "counted.py": COUNTED,
        "test_again.py": """
            import pytest
            from counted import times

            @pytest.fixture
            def shaky():
                assert times("fixture") > 1

            @pytest.fixture
            def never():
                raise RuntimeError("never")

            @pytest.fixture
            def shaky_end():
                yield
                assert times("end") > 1

            def test_stable(): pass
            def test_second_time(): assert times("second") == 2
            def test_third_time(): assert times("third") == 3
            def test_never(): assert times("never") == 100
            def test_shaky_fixture(shaky): pass
            def test_broken_fixture(never): pass
            def test_skipped(): pytest.skip("no")

            @pytest.mark.flaky(reruns=1)
            def test_marked(): assert times("marked") == 100

            @pytest.mark.flaky(reruns=0)
            def test_no_rerun(): assert times("once") == 100

            @pytest.mark.parametrize("n", [1, 2])
            def test_parameters(n): assert times(f"parameter{n}") == n
        """,
    },
    truth=in_file(
        "test_again.py",
        {
            "test_stable": "passed",
            "test_second_time": "passed",
            "test_third_time": "passed",
            "test_never": "failed",
            "test_shaky_fixture": "passed",
            "test_broken_fixture": "error",
            "test_skipped": "skipped",
            "test_marked": "failed",
            "test_no_rerun": "failed",
            "test_parameters[1]": "passed",
            "test_parameters[2]": "passed",
        },
    ),
    attempts={
        "test_again.py::test_second_time": 2,
        "test_again.py::test_third_time": 3,
        "test_again.py::test_never": 3,
        "test_again.py::test_shaky_fixture": 2,
        "test_again.py::test_broken_fixture": 3,
        "test_again.py::test_marked": 2,
        "test_again.py::test_parameters[2]": 2,
    },
    phases={"test_again.py::test_broken_fixture": "setup"},
    plugins=("rerunfailures",),
    arguments=("--reruns", "2"),
    status=1,
    run_status="failure",
)

RERUN_SUBTESTS: Final = Suite(
    name="subtests under pytest-rerunfailures",
    files={
        "counted.py": COUNTED,
        "test_sub_again.py": """
            import unittest
            from counted import times

            class Ordinary(unittest.TestCase):
                def test_all_pass(self):
                    for i in range(3):
                        with self.subTest(i=i):
                            pass
                def test_one_fails(self):
                    for i in range(3):
                        with self.subTest(i=i):
                            self.assertNotEqual(i, 1)
                def test_body_fails_once(self):
                    with self.subTest():
                        pass
                    self.assertEqual(times("body"), 2)

            def test_passes(subtests):
                with subtests.test(): pass

            def test_second_time(subtests):
                for i in range(3):
                    with subtests.test(i=i):
                        assert i != 1 or times("second") == 2

            def test_never(subtests):
                for i in range(3):
                    with subtests.test(i=i):
                        assert i != 1

            def test_passes_at_last(): assert times("last") == 2
        """,
    },
    truth=in_file(
        "test_sub_again.py",
        {
            "Ordinary::test_all_pass": "passed",
            "Ordinary::test_one_fails": "failed",
            "Ordinary::test_body_fails_once": "passed",
            "test_passes": "passed",
            "test_second_time": "passed",
            "test_never": "failed",
            "test_passes_at_last": "passed",
        },
    ),
    attempts={
        "test_sub_again.py::Ordinary::test_body_fails_once": 2,
        "test_sub_again.py::test_second_time": 2,
        "test_sub_again.py::test_never": 2,
        "test_sub_again.py::test_passes_at_last": 2,
    },
    plugins=("rerunfailures",),
    arguments=("--reruns", "1"),
    status=1,
    run_status="failure",
)

RETRY: Final = Suite(
    name="pytest-retry",
    files={
        "counted.py": COUNTED,
        "test_again.py": """
            import pytest
            from counted import times

            @pytest.fixture
            def never():
                raise RuntimeError("never")

            def test_stable(): pass
            def test_second_time(): assert times("second") == 2
            def test_third_time(): assert times("third") == 3
            def test_never(): assert times("never") == 100
            def test_broken_fixture(never): pass
            def test_skipped(): pytest.skip("no")

            @pytest.mark.flaky(retries=1)
            def test_marked(): assert times("marked") == 100
        """,
    },
    truth=in_file(
        "test_again.py",
        {
            "test_stable": "passed",
            "test_second_time": "passed",
            "test_third_time": "passed",
            "test_never": "failed",
            "test_broken_fixture": "error",
            "test_skipped": "skipped",
            "test_marked": "failed",
        },
    ),
    attempts={
        "test_again.py::test_second_time": 2,
        "test_again.py::test_third_time": 3,
        "test_again.py::test_never": 3,
        "test_again.py::test_marked": 2,
    },
    phases={"test_again.py::test_broken_fixture": "setup"},
    plugins=("retry",),
    arguments=("--retries", "2"),
    status=1,
    run_status="failure",
)

FLAKY: Final = Suite(
    name="flaky",
    files={
        "counted.py": COUNTED,
        "test_again.py": """
            import pytest
            from flaky import flaky
            from counted import times

            def test_stable(): pass

            @flaky
            def test_second_time(): assert times("second") == 2

            @flaky(max_runs=3)
            def test_third_time(): assert times("third") == 3

            @flaky(max_runs=3)
            def test_never(): assert times("never") == 100

            @flaky(max_runs=3, min_passes=2)
            def test_twice_to_be_sure(): times("sure")

            @pytest.mark.flaky(max_runs=2)
            def test_marked(): assert times("marked") == 2
        """,
    },
    truth=in_file(
        "test_again.py",
        {
            "test_stable": "passed",
            "test_second_time": "passed",
            "test_third_time": "passed",
            "test_never": "failed",
            "test_twice_to_be_sure": "passed",
            "test_marked": "passed",
        },
    ),
    attempts={
        "test_again.py::test_second_time": 2,
        "test_again.py::test_third_time": 3,
        "test_again.py::test_never": 3,
        "test_again.py::test_twice_to_be_sure": 2,
        "test_again.py::test_marked": 2,
    },
    plugins=("flaky",),
    status=1,
    run_status="failure",
)

FOUR: Final = """
    def test_a(): pass
    def test_b(): assert 0
    def test_c(): pass
    def test_d(): assert 0
    def test_e(): pass
"""

FIRST_FAILURE: Final = Suite(
    name="-x",
    files={"test_four.py": FOUR},
    truth=in_file(
        "test_four.py",
        {
            "test_a": "passed",
            "test_b": "failed",
            "test_c": "not_run",
            "test_d": "not_run",
            "test_e": "not_run",
        },
    ),
    arguments=("-x",),
    status=1,
    run_status="failure",
)

MAXFAIL: Final = Suite(
    name="--maxfail=2",
    files={"test_four.py": FOUR},
    truth=in_file(
        "test_four.py",
        {
            "test_a": "passed",
            "test_b": "failed",
            "test_c": "passed",
            "test_d": "failed",
            "test_e": "not_run",
        },
    ),
    arguments=("--maxfail=2",),
    status=1,
    run_status="failure",
)

DESELECTED: Final = Suite(
    name="deselected",
    files={"test_four.py": FOUR},
    truth=in_file("test_four.py", {"test_a": "passed", "test_c": "passed"}),
    arguments=("-k", "test_a or test_c or test_e", "--deselect", "test_four.py::test_e"),
    status=0,
    run_status="success",
)

SKIPPED_MODULE: Final = Suite(
    name="skipped module",
    files={
        "test_absent.py": """
            import pytest
            pytest.importorskip("a_module_that_is_not_there")
            def test_a(): pass
        """,
        "test_there.py": "def test_b(): pass\n",
    },
    truth={"test_there.py::test_b": "passed"},
    status=0,
    run_status="success",
)

PARAMETRISED: Final = Suite(
    name="parametrised",
    files={
        "test_many.py": """
            import pytest

            @pytest.mark.parametrize("x", [1, 2])
            @pytest.mark.parametrize("y", ["a", "b"])
            def test_grid(x, y): assert (x, y) != (2, "b")

            @pytest.fixture(params=["left", "right"])
            def side(request): return request.param

            class TestSides:
                def test_side(self, side): pass

            @pytest.mark.parametrize("nothing", [])
            def test_empty_set(nothing): pass
        """
    },
    truth=in_file(
        "test_many.py",
        {
            "test_grid[a-1]": "passed",
            "test_grid[a-2]": "passed",
            "test_grid[b-1]": "passed",
            "test_grid[b-2]": "failed",
            "TestSides::test_side[left]": "passed",
            "TestSides::test_side[right]": "passed",
            "test_empty_set[NOTSET]": "skipped",
        },
    ),
    status=1,
    run_status="failure",
)

EXIT_CALLED: Final = Suite(
    name="pytest.exit in a test",
    files={
        "test_exit.py": """
            import pytest
            def test_a(): pass
            def test_b(): pytest.exit("enough", returncode=7)
            def test_c(): pass
        """
    },
    truth=in_file("test_exit.py", {"test_a": "passed", "test_b": "not_run", "test_c": "not_run"}),
    status=7,
    run_status="aborted",
)

INTERRUPTED: Final = Suite(
    name="KeyboardInterrupt in a test",
    files={
        "test_interrupt.py": """
            def test_a(): pass
            def test_b(): raise KeyboardInterrupt
            def test_c(): pass
        """
    },
    truth=in_file("test_interrupt.py", {"test_a": "passed", "test_b": "not_run", "test_c": "not_run"}),
    status=2,
    run_status="aborted",
)

HOSTILE_MESSAGES: Final = Suite(
    name="hostile messages",
    files={
        "test_hostile.py": """
            class Unprintable(Exception):
                def __str__(self): raise RuntimeError("no text")
                __repr__ = __str__

            class Mute(Exception):
                def __str__(self): return ""

            def test_nul(): raise ValueError("a\\0b")
            def test_newlines(): raise ValueError("one\\r\\ntwo\\u2028three\\x85four")
            def test_huge(): raise ValueError("x" * 3_000_000)
            def test_unprintable(): raise Unprintable
            def test_mute(): raise Mute
            def test_group(): raise ExceptionGroup("many", [ValueError(1), KeyError(2)])
            def test_recursion(): test_recursion()
        """
    },
    truth=in_file(
        "test_hostile.py",
        {
            "test_nul": "failed",
            "test_newlines": "failed",
            "test_huge": "failed",
            "test_unprintable": "failed",
            "test_mute": "failed",
            "test_group": "failed",
            "test_recursion": "failed",
        },
    ),
    status=1,
    run_status="failure",
)

# What pytest-xdist itself cannot send from a worker.
UNSENDABLE: Final = Suite(
    name="what xdist cannot send",
    files={
        "test_unsendable.py": """
            def test_lone_surrogate(): raise ValueError("\\udcff is no character")

            def test_property(record_property):
                record_property("gnomon", object())
                record_property("\\udcff", b"bytes")
                record_property("gnomon.routing", {"correct": "not a verdict"})
                record_property(5, None)
        """
    },
    truth=in_file("test_unsendable.py", {"test_lone_surrogate": "failed", "test_property": "passed"}),
    status=1,
    run_status="failure",
)

CRASH: Final = Suite(
    name="worker killed by os._exit",
    files={
        "test_crash.py": """
            import os
            import pytest

            @pytest.mark.parametrize("n", range(6))
            def test_before(n): pass

            def test_dies(): os._exit(3)

            @pytest.mark.parametrize("n", range(6))
            def test_after(n): pass
        """
    },
    truth={
        **{f"test_crash.py::test_before[{n}]": "passed" for n in range(6)},
        "test_crash.py::test_dies": "crashed",
        **{f"test_crash.py::test_after[{n}]": "passed" for n in range(6)},
    },
    plugins=("xdist",),
    arguments=("-n", "2"),
    status=1,
    run_status="failure",
)

KILLED: Final = replace(
    CRASH,
    name="worker killed by SIGKILL",
    files={
        "test_crash.py": CRASH.files["test_crash.py"].replace("os._exit(3)", "os.kill(os.getpid(), 9)"),
    },
)

CRASH_IN_SETUP: Final = Suite(
    name="worker killed in a fixture",
    files={
        "test_crash.py": """
            import os
            import pytest

            @pytest.fixture
            def deadly(): os._exit(1)

            @pytest.fixture
            def deadly_end():
                yield
                os._exit(1)

            def test_a(): pass
            def test_dies_in_setup(deadly): pass
            def test_dies_in_teardown(deadly_end): pass
            def test_b(): pass
        """
    },
    truth=in_file(
        "test_crash.py",
        {
            "test_a": "passed",
            "test_dies_in_setup": "crashed",
            "test_dies_in_teardown": "crashed",
            "test_b": "passed",
        },
    ),
    plugins=("xdist",),
    arguments=("-n", "2"),
    status=1,
    run_status="failure",
)

TIMEOUT_BY_THREAD: Final = Suite(
    name="pytest-timeout by thread under xdist",
    files=TIMEOUT.files,
    truth=in_file("test_slow.py", {"test_hangs": "crashed", "test_quick": "passed"}),
    plugins=("timeout", "xdist"),
    arguments=("--timeout=0.5", "--timeout-method=thread", "-n", "2"),
    status=1,
    run_status="failure",
)

CRASH_RERUN: Final = Suite(
    name="worker that crashes once, under rerunfailures",
    files={
        "counted.py": COUNTED,
        "test_crash.py": """
            import os
            from counted import times

            def test_a(): pass

            def test_dies_once():
                if times("dies") == 1:
                    os._exit(1)

            def test_b(): pass
        """,
    },
    truth=in_file("test_crash.py", {"test_a": "passed", "test_dies_once": "passed", "test_b": "passed"}),
    attempts={"test_crash.py::test_dies_once": 2},
    plugins=("xdist", "rerunfailures"),
    arguments=("-n", "2", "--reruns", "2"),
    status=0,
    run_status="success",
)

SUITES: Final = (
    OUTCOMES,
    OUTCOMES.started("-n 2", "-n", "2"),
    OUTCOMES.started("-n 2 loadscope", "-n", "2", "--dist", "loadscope"),
    OUTCOMES.started("-n 2 loadfile", "-n", "2", "--dist", "loadfile"),
    OUTCOMES.started("-n 2 worksteal", "-n", "2", "--dist", "worksteal"),
    OUTCOMES.started("-n 0", "-n", "0"),
    OUTCOMES.started("quiet", "-qq", plugins=()),
    OUTCOMES.started("without a terminal", "-p", "no:terminal", plugins=()),
    OUTCOMES.started("uncaptured", "-s", "--tb=no", plugins=()),
    GREEN,
    SUBTESTS,
    SUBTESTS.started("-n 2", "-n", "2"),
    UNITTEST,
    UNITTEST.started("-n 2", "-n", "2"),
    DOCTEST,
    ASYNCIO,
    ASYNCIO.started("-n 2", "-n", "2"),
    TIMEOUT,
    RERUNFAILURES,
    RERUNFAILURES.started("-n 2", "-n", "2"),
    RERUN_SUBTESTS,
    RERUN_SUBTESTS.started("-n 2", "-n", "2"),
    RETRY,
    RETRY.started("-n 2", "-n", "2"),
    FLAKY,
    FLAKY.started("-n 2", "-n", "2"),
    FIRST_FAILURE,
    MAXFAIL,
    DESELECTED,
    DESELECTED.started("-n 2", "-n", "2"),
    SKIPPED_MODULE,
    PARAMETRISED,
    PARAMETRISED.started("-n 2", "-n", "2"),
    EXIT_CALLED,
    INTERRUPTED,
    HOSTILE_MESSAGES,
    HOSTILE_MESSAGES.started("-n 2", "-n", "2"),
    UNSENDABLE,
    CRASH,
    KILLED,
    CRASH_IN_SETUP,
    TIMEOUT_BY_THREAD,
    CRASH_RERUN,
)
