"""Records a task through the SDK, as the program would that did it, with the times that it had."""

from __future__ import annotations

import gnomon
from gnomon_analysis.simulation.plan import Call, Request, Skill, Step, Task, Tool


def emit(task: Task, shift: float) -> None:
    """Records a task; `shift` seconds lie between the simulated time and the one it is stamped with."""
    if not task.workflow:
        _request(task.requests[0], shift)
        return
    first = task.requests[0]
    with gnomon.workflow(
        task.workflow, department=first.agent.department, environment=first.environment
    ).past(start=task.start + shift, duration=task.end - task.start) as step:
        for request in task.requests:
            _request(request, shift)
        if task.error_type:
            step.fail(task.error_type)


def _request(request: Request, shift: float) -> None:
    agent = request.agent
    with gnomon.agent(
        agent.name,
        department=agent.department,
        environment=request.environment,
        version=request.version,
        provider=agent.provider,
        model=agent.model.name,
    ).past(start=request.start + shift, duration=request.duration) as step:
        for part in request.steps:
            _step(part, shift)
        if request.error_type:
            step.fail(request.error_type)


def _step(step: Step, shift: float) -> None:
    if isinstance(step, Call):
        emit_call(step, shift)
    elif isinstance(step, Skill):
        with gnomon.skill(step.name).past(start=step.start + shift, duration=step.duration):
            for tool in step.tools:
                _tool(tool, shift)
    else:
        _tool(step, shift)


def _tool(tool: Tool, shift: float) -> None:
    with gnomon.tool(tool.name, type="function").past(
        start=tool.start + shift, duration=tool.duration
    ) as step:
        if tool.error_type:
            step.fail(tool.error_type)


def emit_call(call: Call, shift: float) -> None:
    """Records a model call, under whatever is current."""
    gnomon.record_model_call(
        call.model,
        provider=call.provider,
        start=call.start + shift,
        duration=call.duration,
        usage=call.usage,
        error_type=call.error_type,
        attempts=[
            {
                "gap": attempt.gap,
                "latency": attempt.latency,
                "status": attempt.status,
                "error_type": attempt.error_type,
            }
            for attempt in call.attempts
        ],
        time_to_first_chunk=call.first_chunk,
    )
