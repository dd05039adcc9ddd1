select part, rows, sha256, done from posthorn.import
