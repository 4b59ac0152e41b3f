package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import org.bayu.remote.hub.Hub;
import org.bayu.remote.hub.HubEnvironment;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.ModelFiles;
import org.bayu.remote.hub.Upload;
import org.bayu.remote.hub.UploadFile;

/** The stand-in, and Bayu's side of it, for the Python programs in {@code tools/golden}. */
public final class StandInMain {
  private StandInMain() {}

  /**
   * {@code serve} prints the address and ends with its input; {@code fetch NAME} fetches a model by
   * the environment's variables and prints its folder; {@code upload FOLDER NAME} uploads one.
   */
  public static void main(String[] args) throws Exception {
    if (args[0].equals("serve")) {
      try (var hub = new StandInHub()) {
        fill(hub);
        System.out.println(hub.url());
        while (System.in.read() >= 0) {
          // until whoever started it closes the input
        }
      }
    } else if (args[0].equals("upload")) {
      var files = new ArrayList<UploadFile>();
      try (var all = Files.list(Path.of(args[1]))) {
        all.forEach(file -> files.add(new UploadFile(String.valueOf(file.getFileName()), file)));
      }
      var repository = HubRepository.model(new HubName(args[2], HubName.MAIN));
      var hub = Hub.of(HubEnvironment.ofProcess(), System.err::println);
      System.out.println(Upload.commit(hub, repository, files, "Upload", false, _ -> {}));
    } else {
      var hub = Hub.of(HubEnvironment.ofProcess(), System.err::println);
      var name = HubName.parse(args[1]).orElseThrow();
      var snapshot = hub.find(HubRepository.model(name), name.revision());
      System.out.println(snapshot.fetch(ModelFiles.model(snapshot), _ -> {}));
    }
  }

  /** The repositories that the tests compare with what Python's client made of them. */
  public static void fill(StandInHub hub) {
    hub.model("org/tiny")
        .file("config.json", "{\"model_type\": \"llama\"}\n")
        .file("tokenizer.json", "{}\n")
        .file("README.md", "# Tiny\n")
        .file("pytorch_model.bin", "no\n")
        .file(
            "model.safetensors.index.json",
            "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}}\n")
        .lfs("model-1.safetensors", "first".repeat(1000).getBytes(US_ASCII))
        .lfs("model-2.safetensors", "second".repeat(1000).getBytes(US_ASCII))
        .commit();
  }
}
