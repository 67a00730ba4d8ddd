"""Cheap measurements of one small frame or of its neighbours in time."""
