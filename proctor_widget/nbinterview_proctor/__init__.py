"""Watching, with numbers instead of pictures.

- `nbinterview_proctor.widget.ProctorWidget`: the camera measurement in any notebook
- `nbinterview_proctor.facemesh`: landmarks to a frame's numbers, for video files
- `nbinterview_proctor.geometry`: a frame's numbers to an observation
- `nbinterview_proctor.engine`: observations to episodes, warnings and flags
- `nbinterview_proctor.policy`: thresholds and escalation as one document

Importing this package loads none of them: a room needs the engine and no widget.
"""
