package org.bayu.remote.hub;

/**
 * A repository of models or of data on the Hub.
 *
 * @param id {@code org/name}
 */
public record HubRepository(Type type, String id) {
  /** What a repository holds. */
  public enum Type {
    /** Models and adapters. */
    MODEL("models", ""),
    /** Data sets. */
    DATASET("datasets", "datasets/");

    private final String plural;
    private final String prefix;

    Type(String plural, String prefix) {
      this.plural = plural;
      this.prefix = prefix;
    }

    /** As messages call it. */
    @Override
    public String toString() {
      return this == MODEL ? "model" : "data set";
    }
  }

  /** The repository of a model or an adapter. */
  public static HubRepository model(HubName name) {
    return new HubRepository(Type.MODEL, name.repository());
  }

  /** The repository of a data set. */
  public static HubRepository dataset(HubName name) {
    return new HubRepository(Type.DATASET, name.repository());
  }

  /** The path of the Hub's questions about it: {@code api/models/org/name}. */
  String api() {
    return "api/" + type.plural + "/" + id;
  }

  /** The path of its pages and files: {@code org/name} or {@code datasets/org/name}. */
  String page() {
    return type.prefix + id;
  }

  /** Its folder in the cache: {@code models--org--name}. */
  String folder() {
    return type.plural + "--" + id.replace("/", "--");
  }
}
