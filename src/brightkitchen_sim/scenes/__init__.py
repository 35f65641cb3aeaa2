"""Drawn kitchen scenes for the demo cameras: pictures, loops, scripted events and their ground truth.

Coordinates are metres: x to the right along the back wall, y into the room, z up, the origin in the floor corner
under the camera side. Pictures are drawn once per scene (lit and shaded, see `bake`), people and steam per frame.
"""
