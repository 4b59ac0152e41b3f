/** Local files for names on the Hugging Face Hub and for addresses in buckets. */
module org.bayu.remote {
  requires transitive org.bayu.tensor;
  requires com.fasterxml.jackson.databind;
  requires static transitive org.jspecify;

  exports org.bayu.remote.bucket;
  exports org.bayu.remote.files;
  exports org.bayu.remote.hub;

  uses java.nio.file.spi.FileSystemProvider;
}
