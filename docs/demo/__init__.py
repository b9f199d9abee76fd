"""`make demo`: the real command line, worker and Redis against a gateway that calls nobody, played in front of you."""
