package org.bayu.finetune.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Java home whose programs are shell scripts. */
final class FakeJava {
  private FakeJava() {}

  /** A home of that version; {@code modules} is what its {@code release} file lists. */
  static Path create(Path home, String version, String modules, String script) throws IOException {
    Files.createDirectories(home.resolve("bin"));
    for (var program : new String[] {"java", "javac"}) {
      var file = home.resolve("bin").resolve(program);
      Files.writeString(file, "#!/bin/sh\n" + script + "\n");
      if (!file.toFile().setExecutable(true)) {
        throw new IOException(file + ": cannot be made executable");
      }
    }
    Files.writeString(
        home.resolve("release"),
        "IMPLEMENTOR=\"Somebody\"\nJAVA_VERSION=\"%s\"\nMODULES=\"%s\"\n"
            .formatted(version, modules));
    return home;
  }

  /** A home that Bayu can use. */
  static Path suitable(Path home, String script) throws IOException {
    return create(home, "25.0.3", "java.base jdk.incubator.vector jdk.zipfs", script);
  }
}
