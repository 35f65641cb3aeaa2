"""The actions of this slice. It knows no roles: `bootstrap` registers a rule for each."""

from typing import Final

SEARCH: Final = "audit.search"
WATCHERS: Final = "premises.watchers"

AUDIT_ACTIONS: Final = (SEARCH, WATCHERS)
