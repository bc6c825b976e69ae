"""One reporting month played on a running system, with institutions and people that are plainly synthetic."""
