package org.bayu.train.track.wandb;

import java.net.ProxySelector;
import java.net.URI;
import java.util.Locale;

/**
 * A server of Weights &amp; Biases and the key to it.
 *
 * @param base its address, such as {@code https://api.wandb.ai}
 * @param key the API key: never shown
 * @param proxies which proxy is used for which address
 */
public record WandbServer(URI base, String key, ProxySelector proxies) {
  /** The address of W&amp;B's own server. */
  public static final URI PUBLIC = URI.create("https://api.wandb.ai");

  /** A server that is reached as Java's settings say. */
  public WandbServer(URI base, String key) {
    this(base, key, ProxySelector.getDefault());
  }

  /** The same by way of other proxies. */
  public WandbServer withProxies(ProxySelector others) {
    return new WandbServer(base, key, others);
  }

  /**
   * Checks the address.
   *
   * @throws IllegalArgumentException if it is none of http or https, or has a user's name
   */
  public WandbServer {
    var scheme = String.valueOf(base.getScheme()).toLowerCase(Locale.ROOT);
    if (!(scheme.equals("http") || scheme.equals("https"))
        || base.getHost() == null
        || base.getRawUserInfo() != null) {
      throw new IllegalArgumentException("no address of a server");
    }
  }

  /** The page of a run. */
  String page(String entity, String project, String id) {
    var site = base.equals(PUBLIC) ? "https://wandb.ai" : base.toString().replaceAll("/+$", "");
    return "%s/%s/%s/runs/%s".formatted(site, entity, project, id);
  }

  /** The address without the key. */
  @Override
  public String toString() {
    return base.toString();
  }
}
