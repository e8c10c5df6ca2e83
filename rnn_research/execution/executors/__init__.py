"""Workers in processes of their own: kept at work here, on Ray, on Slurm."""
