# bash completion for nacre(1). What fits is the command's own to say.
_nacre() {
    local current=${COMP_WORDS[COMP_CWORD]} line word typed
    # What is under the cursor as the command would get it; the words before are whole.
    typed=$current
    case $typed in
    \'*) typed=${typed:1} ;;
    \"*) typed=${typed:1} typed=${typed//\\/} ;;
    *) typed=${typed//\\/} ;;
    esac
    local -a before=() found=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        # Without its quotes; nothing in it is run.
        case $word in
        \'*\') word=${word:1:-1} ;;
        \"*\") word=${word:1:-1} word=${word//\\/} ;;
        *) word=${word//\\/} ;;
        esac
        before+=("$word")
    done
    while IFS= read -r line; do
        if [ "$line" = :files ]; then
            compopt -o default
            COMPREPLY=()
            return
        fi
        found+=("${line%%$'\t'*}")
    done < <("$1" __complete "${before[@]}" "$typed" 2>/dev/null)
    COMPREPLY=()
    for word in "${found[@]}"; do
        # Others choose the names: as one word that means nothing to the shell.
        case $current in
        \"*) word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//\$/\\\$} word=${word//\`/\\\`} ;;
        \'*) word=${word//\'/\'\\\'\'} ;;
        *) printf -v word %q "$word" ;;
        esac
        COMPREPLY+=("$word")
    done
}
complete -o nosort -F _nacre nacre
