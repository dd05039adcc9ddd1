select posthorn.cover_parts($1, $2)
