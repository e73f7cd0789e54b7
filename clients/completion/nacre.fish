# fish completion for nacre(1). What fits is the command's own to say; fish quotes it.
function __nacre_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string unescape)
    set -l found ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path "$typed"
        return
    end
    printf '%s\n' $found
end
complete -c nacre -f -a '(__nacre_complete)'
