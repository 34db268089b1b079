"""Answers to surveys: who gave a low score, and what they said."""
