// Go's runtime and library: goroutines, collector, maps, files, time.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func main() {
	root := os.Args[1]
	fmt.Println(os.Args[2:], os.Getenv("WASM_ONE"))
	words := map[string]int{}
	for _, w := range strings.Fields("the quick brown fox jumps over the lazy dog the end") {
		words[w]++
	}
	fmt.Println(words)

	var group sync.WaitGroup
	sums := make(chan int, 10)
	for i := 0; i < 10; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			garbage := 0
			for j := 0; j < 1000; j++ {
				garbage += len(make([]byte, 1000+n))
			}
			sums <- garbage
		}(i)
	}
	group.Wait()
	close(sums)
	total := 0
	for s := range sums {
		total += s
	}
	fmt.Println(total)

	dir := filepath.Join(root, "go", "deep")
	check(os.MkdirAll(dir, 0o755))
	name := filepath.Join(dir, "data")
	check(os.WriteFile(name, []byte("some data\n"), 0o644))
	file, err := os.OpenFile(name, os.O_APPEND|os.O_RDWR, 0)
	check(err)
	fmt.Fprintln(file, "more data")
	_, err = file.Seek(5, io.SeekStart)
	check(err)
	rest, err := io.ReadAll(file)
	check(err)
	check(file.Close())
	fmt.Printf("%q\n", rest)
	check(os.Rename(name, filepath.Join(dir, "moved")))
	check(os.Symlink("moved", filepath.Join(dir, "link")))
	var seen []string
	check(filepath.WalkDir(filepath.Join(root, "go"), func(p string, d fs.DirEntry, err error) error {
		check(err)
		seen = append(seen, fmt.Sprint(d.Name(), " ", d.Type()))
		return nil
	}))
	sort.Strings(seen)
	fmt.Println(seen)
	info, err := os.Stat(filepath.Join(dir, "link"))
	check(err)
	fmt.Println(info.Size(), info.IsDir())
	_, err = os.Open(filepath.Join(root, "missing"))
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	check(os.RemoveAll(filepath.Join(root, "go")))

	start := time.Now()
	time.Sleep(5 * time.Millisecond)
	fmt.Println(time.Since(start) >= 5*time.Millisecond)
	input, err := io.ReadAll(os.Stdin)
	check(err)
	fmt.Println(len(input), "bytes of input")
	os.Exit(17)
}
