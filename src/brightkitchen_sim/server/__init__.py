"""RTSP servers that stand for cameras."""
