// The start of the editor, when all of its parts are there.
"use strict";

ImagelibAddDialog.start();
ImagelibEmptyLibrary.start();
ImagelibLibraryMenu.start();
ImagelibSearchStar.start();
ImagelibPicksDialog.start();
ImagelibPicksPanel.start();
ImagelibPublicationsPanel.start();
ImagelibEditPanel.start();
ImagelibSelection.start();
ImagelibRectangle.start();
ImagelibLongPress.start();
ImagelibFocus.start();
ImagelibBulkBar.start(ImagelibPublishDialog.ofTag);
ImagelibMenuEntries.start();
ImagelibAlbumEditing.start();
ImagelibPublishDialog.start();
ImagelibStars.start();
ImagelibCulling.start();
ImagelibTagKeys.start();
ImagelibUndo.start();
ImagelibChanges.start();
ImagelibHelp.add("Editor", [
  ["0 – 5", "rate the selection, else the image; then the next one"],
  ["f", "five stars"],
  ["Delete", "into the trash"],
  ["t", "tag it, or the selection"],
  ["x", "select the image; with Shift all up to it"],
  ["Ctrl+A", "select the whole result"],
  ["e", "edit"],
  ["h", "history"],
  ["Ctrl+Enter", "save"],
  ["Ctrl+Z  Ctrl+Shift+Z", "undo, redo"],
]);
