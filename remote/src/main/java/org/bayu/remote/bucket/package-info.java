/**
 * Files in buckets, by {@code java.nio.file} providers on the class path: {@code google-cloud-nio}
 * for {@code gs://}, {@code aws-java-nio-spi-for-s3} for {@code s3://}. {@link
 * org.bayu.remote.bucket.Buckets} keeps local copies, on which everything else works.
 *
 * {@snippet :
 * var buckets = Buckets.of(System.getenv(), home, System.err::println);
 * var model = buckets.local(BucketAddress.parse("gs://models/llama"));
 * buckets.fetch(model);
 * }
 */
@NullMarked
package org.bayu.remote.bucket;

import org.jspecify.annotations.NullMarked;
