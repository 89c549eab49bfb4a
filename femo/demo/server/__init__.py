"""What serves the tabs: the page as a whole, the line of events, who may come in, and the folder that forgets.

Conventions: the tabs know their callers and queues through here; nothing here knows a tab or what is analysed.
"""
