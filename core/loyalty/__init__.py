"""Who is loyal, by what signs, who is slipping, and how users move between stages."""
