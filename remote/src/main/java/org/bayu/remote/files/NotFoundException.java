package org.bayu.remote.files;

import java.io.IOException;
import org.bayu.remote.hub.HubException;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * What a user named is not here. The message is one or two whole sentences for the user. Where the
 * text is a name on the Hub, the cause is why the Hub's files cannot be had either.
 */
public final class NotFoundException extends IOException {
  private static final long serialVersionUID = 1L;

  NotFoundException(String message, @Nullable HubException cause) {
    super(Printable.escape(message), cause);
  }
}
