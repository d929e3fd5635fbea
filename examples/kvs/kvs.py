# The program of the talk's slide "Process to Process"; only the imports are added. Run: python3 kvs.py PORT
import sys

from flask import Flask, Response, request

app = Flask(__name__)

kvs = {}

@app.route('/<int:k>', methods=['GET', 'PUT'])
def handler(k):
    if request.method == "GET":
        return Response(kvs.get(k), status=200)
    if request.method == "PUT":
        # GOTCHA! No more than 1000 keys
        if 1000 <= len(kvs) and k not in kvs:
            return Response(status=503)
        else:
            kvs[k] = request.get_data()
            return Response(status=201)

if __name__ == '__main__':
    app.run(port=sys.argv[1])
