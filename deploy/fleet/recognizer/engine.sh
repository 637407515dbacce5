#!/usr/bin/env bash
# Builds and runs the recognizer server's container: what `make docker-build` and its like call.
#
# Usage: engine.sh build|run|logs|status|stop
#        engine.sh models fetch whisper/medium whisper/tiny     into the volume that the container reads
# Environment:
#   ENGINE          docker (default), podman or buildah; the last one builds alone
#   GPU=1           CUDA's libraries in the image, and a GPU for the container
#   BASE_IMAGE      what to build on, where not on the Dockerfile's own
#   PIP_CONF        whose index the packages come from (default: /etc/pip.conf where it is there)
#   RECOGNIZER_ETC  folder of settings and token, see compose.yaml
set -euo pipefail
cd "$(dirname "$0")"

readonly ENGINE="${ENGINE:-docker}"
readonly IMAGE="${RECOGNIZER_IMAGE:-localhost/shuttle-guide-recognizer:latest}"
readonly NAME=shuttle-guide-recognizer
readonly MODELS=shuttle-guide-recognizer_models:/var/lib/shuttle-guide/models # the volume as compose names it
readonly PIP_CONF="${PIP_CONF-/etc/pip.conf}"

die() {
    printf 'recognizer: %s\n' "$*" >&2
    exit 1
}

build() {
    local options=(--file deploy/fleet/recognizer/Dockerfile --tag "$IMAGE")
    # Elsewhere layers are kept only when asked for, and a health check is known in Docker's format alone.
    case "$ENGINE" in podman | buildah) options+=(--layers --format docker) ;; esac
    [[ -z "${BASE_IMAGE:-}" ]] || options+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
    [[ -z "${GPU:-}" ]] || options+=(--build-arg "GPU=$GPU")
    [[ ! -f "$PIP_CONF" ]] || options+=(--secret "id=pip_conf,src=$(realpath "$PIP_CONF")")
    cd ../../..
    "$ENGINE" build "${options[@]}" .
}

runs() {
    [[ "$ENGINE" != buildah ]] ||
        die "buildah builds images and runs none: ENGINE=docker or ENGINE=podman runs $IMAGE"
}

# The same as compose.yaml, for engines without compose.
readonly SAFE=(--read-only --tmpfs /tmp:size=256m,mode=1777 --cap-drop ALL --security-opt no-new-privileges)

run() {
    local options=(--detach --name "$NAME" --restart unless-stopped --stop-timeout 15 --memory 8g --pids-limit 256
        --publish "${RECOGNIZER_CONTROL:-8011}:8011" --publish "${RECOGNIZER_DATA:-8012}:8012")
    [[ -f "${RECOGNIZER_ETC:-}/recognizer.env" ]] ||
        die "expected RECOGNIZER_ETC=FOLDER with recognizer.env and credentials/recognizer_server_token"
    options+=(--volume "$(realpath "$RECOGNIZER_ETC"):/etc/shuttle-guide:ro" --volume "$MODELS:ro")
    case "${GPU:+$ENGINE}" in
        docker) options+=(--gpus all) ;;
        podman) options+=(--device nvidia.com/gpu=all) ;;
    esac
    "$ENGINE" run "${options[@]}" "${SAFE[@]}" "$IMAGE" --env-file /etc/shuttle-guide/recognizer.env
}

case "$ENGINE" in docker | podman | buildah) ;; *) die "expected ENGINE=docker, podman or buildah, got '$ENGINE'" ;; esac
command -v "$ENGINE" >/dev/null || die "$ENGINE is not on this machine; ENGINE=docker, podman or buildah chooses"
case "${1:-}" in
    build) build ;;
    run) runs && run ;;
    models) runs && "$ENGINE" run --rm "${SAFE[@]}" --volume "$MODELS" --entrypoint shuttle-guide "$IMAGE" "$@" ;;
    logs) runs && "$ENGINE" logs --follow "$NAME" ;;
    status) runs && "$ENGINE" ps --all --filter "name=^$NAME\$" ;;
    stop) runs && "$ENGINE" stop "$NAME" >/dev/null && "$ENGINE" rm "$NAME" ;;
    *) die "expected build, run, models, logs, status or stop, got '${1:-nothing}'" ;;
esac
