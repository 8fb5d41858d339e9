"""Errors that nobody foresaw: told by kind and place, never by their text, which may hold a value."""

import structlog

log = structlog.get_logger()


def log_fault(error: Exception, trace_id: str) -> None:
    """Log where an unforeseen error arose, without its text, which may hold a patient's value."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    log.error(
        "fault",
        trace_id=trace_id,
        kind=type(error).__name__,
        file=place.tb_frame.f_code.co_filename if place else None,
        line=place.tb_lineno if place else None,
    )
