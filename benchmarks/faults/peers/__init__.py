"""The same job as a reader of each library's documentation would write it. It shares no code with Dropline.

Runs in an environment of its own, from requirements.txt beside this folder.
"""
