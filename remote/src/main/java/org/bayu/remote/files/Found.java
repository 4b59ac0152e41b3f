package org.bayu.remote.files;

import java.nio.file.Path;
import org.bayu.remote.hub.HubName;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a model or an adapter that a user named.
 *
 * @param text what the user wrote
 * @param folder where its files are
 * @param name the name on the Hub that it was found by; null for a folder here or in a bucket
 * @param commit of the Hub's repository; null for a folder here or in a bucket
 * @param isOutline whether the weights are zeros: only their shapes and types are the model's
 */
public record Found(
    String text, Path folder, @Nullable HubName name, @Nullable String commit, boolean isOutline) {
  /** What an adapter's configuration calls its base. */
  public String baseName() {
    return name == null ? text : name.repository();
  }

  /** The commit, where the user asked for another revision than the usual one. */
  public @Nullable String baseRevision() {
    return name == null || name.revision().equals(HubName.MAIN) ? null : commit;
  }
}
