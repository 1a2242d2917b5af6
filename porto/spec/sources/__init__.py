"""Files as writers of the store: ``.CT`` files and spec directories."""
