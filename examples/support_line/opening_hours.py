"""When the support line is open."""

import dataclasses
import re
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from zoneinfo import ZoneInfo

DAYS: t.Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclasses.dataclass(frozen=True)
class OpeningHours:
    """The hours of each day of the week, in local time.

    :param timezone: the time zone of the office.
    :param week: opening and closing time by day, 0 is Monday. Other days are closed.
    :param holidays: days that are closed, whatever day of the week they are.
    """

    timezone: ZoneInfo
    week: Mapping[int, tuple[time, time]]
    holidays: frozenset[date] = frozenset()

    @classmethod
    def parse(
        cls, timezone: str, week: Mapping[str, str], holidays: Iterable[str]
    ) -> t.Self:
        """Read configured opening hours.

        :param timezone: for example ``"Europe/Berlin"``.
        :param week: for example ``{"monday": "09:00-17:00"}``.
        :param holidays: for example ``["2026-12-25"]``.
        :raises ValueError: if one of them cannot be read.
        """
        for day in week.keys() - set(DAYS):
            raise ValueError(f"{day!r} is not a day of the week, for example 'monday'.")
        hours = {DAYS.index(day): _span(text) for day, text in week.items()}
        closed = frozenset(map(date.fromisoformat, holidays))
        return cls(ZoneInfo(timezone), hours, closed)

    def is_open(self, moment: datetime) -> bool:
        """Return whether the line is open at a moment."""
        local = moment.astimezone(self.timezone)
        hours = self._hours(local.date())
        return hours is not None and hours[0] <= local.time() < hours[1]

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return when the line opens next; None if it does not within a week.

        Callers hear the day of the week, which would mislead them for a later day.
        """
        local = moment.astimezone(self.timezone)
        for days in range(8):
            day = local.date() + timedelta(days)
            hours = self._hours(day)
            if hours is not None:
                opening = datetime.combine(day, hours[0], self.timezone)
                if opening > local:
                    return opening
        return None

    def _hours(self, day: date) -> tuple[time, time] | None:
        return None if day in self.holidays else self.week.get(day.weekday())


def _span(text: str) -> tuple[time, time]:
    if not re.fullmatch("[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}", text):
        raise ValueError(f"{text!r} must look like '09:00-17:00'.")
    start, end = text.split("-")
    opens = time.fromisoformat(start)
    closes = time.max if end == "24:00" else time.fromisoformat(end)
    if opens >= closes:
        raise ValueError(f"{text!r} must end after it begins, on the same day.")
    return opens, closes
