"""Who speaks over the guide: is it obeyed, and what stops or lowers the guide for nothing?"""
