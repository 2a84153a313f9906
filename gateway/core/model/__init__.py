"""What a page is: the options of a cleaning, its blocks and its result. Imports no other part of core."""
