// @ts-check
// The start of the editor, when all of its parts are there.
"use strict";

ImagelibAddDialog.start();
ImagelibLibraryMenu.start();
ImagelibEditPanel.start();
ImagelibSelection.start();
ImagelibBulkBar.start();
ImagelibCulling.start();
ImagelibKeysDialog.start();
ImagelibChanges.start();
