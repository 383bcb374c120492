Mime::Type.register "image/svg+xml", :svg unless Mime[:svg]
