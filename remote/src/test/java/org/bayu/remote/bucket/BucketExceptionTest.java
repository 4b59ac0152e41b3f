package org.bayu.remote.bucket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class BucketExceptionTest {
  /** What AWS's library says, where neither a variable nor its file names a region. */
  @Test
  void aMissingRegionIsNamed() {
    var cause =
        new IOException(
            new IllegalStateException(
                "Unable to load region from any of the providers in the chain"
                    + " DefaultAwsRegionProviderChain"));
    var failure =
        new BucketException(BucketAddress.parse("s3://bucket/a"), "it cannot be read", cause);
    assertEquals(
        "s3://bucket/a: it cannot be read (no region is set; set AWS_REGION or run aws"
            + " configure)",
        failure.getMessage());
  }
}
