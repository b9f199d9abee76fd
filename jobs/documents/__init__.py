"""What is known, as JSON values: one shape for `--json` and for HTTP. Law of the room: names are added, never renamed.

The shapes are typed dictionaries, so that the type checker holds the documents to what the API page says of them. A
phone is masked in all of them but the results.
"""
