package org.bayu.tensor.io;

import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;

/**
 * Jars that may lie beside Bayu's own and are opened when they are needed. On the class path Java
 * would open them at each start, as soon as anything looks for a class that nobody has.
 */
public final class JarsBeside {
  private JarsBeside() {}

  /**
   * A loader of what a type's own loader has and, after that, of jars in the folder of the type's
   * jar. It keeps them open.
   *
   * @param names the jars' file names; those that are not there are left out
   * @return the type's own loader if none of them is there
   */
  public static ClassLoader loader(Class<?> type, String... names) {
    var source = type.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return type.getClassLoader();
    }
    try {
      return loader(type.getClassLoader(), Path.of(source.getLocation().toURI()), names);
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      return type.getClassLoader(); // in a jar of another program's making
    }
  }

  /** As above, of a jar, or a folder of classes, and its loader. */
  static ClassLoader loader(ClassLoader own, Path jar, String... names) {
    var found = new ArrayList<URL>();
    for (var name : names) {
      var beside = jar.resolveSibling(name);
      if (Files.isRegularFile(beside)) {
        found.add(url(beside));
      }
    }
    return found.isEmpty() ? own : new URLClassLoader(found.toArray(URL[]::new), own);
  }

  private static URL url(Path file) {
    try {
      return file.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
