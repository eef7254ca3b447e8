"""Offline evaluation: recorded clips through the room's own geometry and engine.

    nbinterview evaluate CLIP... [--labels L.csv] [--policy P] [--json FILE]

Nothing here judges: a picture becomes a `Frame` by `nbinterview_proctor.facemesh`,
and a `Frame` becomes findings by `nbinterview_proctor.engine`, as in a live room.
What is here reads clips and labels, compares, counts and shows.

It runs in an environment of its own (`scripts/setup.sh evaluate`), since the
Python MediaPipe and OpenCV have no business in a room.
"""
