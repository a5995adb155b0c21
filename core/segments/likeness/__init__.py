"""Users who are alike: clusters and look-alikes."""
