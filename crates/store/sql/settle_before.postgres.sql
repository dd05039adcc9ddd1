select late from attempts where delivery = $1 and claim = $2
