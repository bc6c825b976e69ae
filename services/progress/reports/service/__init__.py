"""Use cases of reports, a module each: one fact (`submissions`), a whole report (`forms`), reading (`reading`)."""
