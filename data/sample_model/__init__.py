"""The invented shop "Lumen & Loom": a model of its customers, written to be read.

Each module makes one part: `catalogue` the items, `people` the customers, `taste` who likes what, `visits` when they
come, `journeys` what they do there, `aftermath` what follows a purchase, `messages` and `campaign` what the shop sends
them, `oddities` bots and resellers, `dirt` what goes wrong in the file, `truth` what was planted, `files` the writing.
"""
