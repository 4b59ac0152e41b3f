# Finds a JDK 25 or newer with the Vector API, for mvnw and bayu, which read this file.
# org.bayu.finetune.launcher.JavaHomes looks in the same places.

# Whether the folder $1 is one. Reads its `release` file rather than start it: that is faster.
is_jdk() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  feature=0
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      JAVA_VERSION=*)
        feature=${line#JAVA_VERSION=}
        feature=${feature#\"}
        feature=${feature%%[!0-9]*}
        ;;
      MODULES=*jdk.incubator.vector*) ;;
      MODULES=*) return 1 ;;
    esac
  done <"$1/release"
  [ "${feature:-0}" -ge 25 ]
}

# Sets `jdk` to the first of: JAVA_HOME, JDK25_HOME, the java on the PATH, what lies in the usual
# folders or, where BAYU_JDK_PATH names some (with colons between), in those; else fails.
find_jdk() {
  for jdk in "${JAVA_HOME-}" "${JDK25_HOME-}"; do
    ! is_jdk "$jdk" || return 0
  done
  jdk=$(command -v java) || jdk=
  jdk=$(readlink -f "$jdk" 2>/dev/null) || jdk=
  jdk=${jdk%/bin/java}
  ! is_jdk "$jdk" || return 0
  user=${HOME-}
  folders=/usr/lib/jvm:/usr/lib64/jvm:/usr/java:/usr/local/java:/opt:/opt/java:/usr/local/opt:/opt/homebrew/opt
  folders=$folders:/Library/Java/JavaVirtualMachines:$user/Library/Java/JavaVirtualMachines
  folders=$folders:$user/.sdkman/candidates/java:$user/.jdks:$user/.gradle/jdks:$user/.jbang/cache/jdks
  folders=$folders:$user/.asdf/installs/java:$user/.local/share/mise/installs/java:$user/.jabba/jdk
  old_ifs=$IFS
  IFS=:
  for folder in ${BAYU_JDK_PATH-$folders}; do
    for jdk in "$folder"/*; do
      for jdk in "$jdk" "$jdk/Contents/Home" "$jdk/libexec/openjdk.jdk/Contents/Home"; do
        if is_jdk "$jdk"; then
          IFS=$old_ifs
          return 0
        fi
      done
    done
  done
  IFS=$old_ifs
  return 1
}

no_jdk() {
  echo "Bayu needs a JDK 25 or newer and found none: install Temurin 25 (https://adoptium.net)," \
    "or set JAVA_HOME or JDK25_HOME to where one lies." >&2
  exit 1
}
