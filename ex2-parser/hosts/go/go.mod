module hosts

go 1.25.0

require (
	github.com/PuerkitoBio/goquery v1.13.0
	github.com/tetratelabs/wazero v1.12.0
)

require (
	github.com/andybalholm/cascadia v1.3.4 // indirect
	golang.org/x/net v0.58.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
