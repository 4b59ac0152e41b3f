package org.bayu.finetune.run;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bayu.remote.files.LocalFiles;
import org.bayu.train.checkpoint.ModelStore;
import org.jspecify.annotations.Nullable;

/**
 * Where a run saved what it trained.
 *
 * @param model the model with all its weights; null if there is none
 * @param adapter the adapter; null if there is none
 * @param merged the model with the adapter merged in; null if there is none
 */
public record SavedFolders(@Nullable Path model, @Nullable Path adapter, @Nullable Path merged) {
  /** For each kind that was saved, where, as the user wrote it. */
  Map<String, String> places(LocalFiles files) {
    var places = new LinkedHashMap<String, String>();
    for (var kind : ModelStore.Kind.values()) {
      var path =
          switch (kind) {
            case MODEL -> model;
            case ADAPTER -> adapter;
            case MERGED -> merged;
          };
      if (path != null) {
        places.put(kind.toString(), files.text(path));
      }
    }
    return places;
  }
}
